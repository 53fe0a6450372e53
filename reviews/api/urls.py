"""The addresses of the process and of exports, below /api/v1/. Every move of workflow.MOVES that people make has one."""

from django.urls import path

from chokepoints.services.exporting import cancel_export, retry_export

from .views import comments, exports, moves, notifications, proposals, webhooks

ONE = "proposals/<int:number>/"
SUGGESTION = f"{ONE}suggestions/<int:suggestion>/"

urlpatterns = [
    path("proposals/", proposals.ProposalList.as_view(), name="api-proposal-list"),
    path(ONE, proposals.ProposalDetail.as_view(), name="api-proposal-detail"),
    path(f"{ONE}versions/", proposals.VersionList.as_view(), name="api-proposal-versions"),
    path(f"{ONE}versions/<int:version>/", proposals.VersionDetail.as_view(), name="api-proposal-version"),
    path(f"{ONE}conflicts/", proposals.ConflictList.as_view(), name="api-proposal-conflicts"),
    path(f"{ONE}comments/", comments.CommentList.as_view(), name="api-proposal-comments"),
    path(
        f"{ONE}comments/<int:comment>/resolve/", comments.SettleComment.as_view(), name="api-comment-resolve"
    ),
    path(f"{ONE}submit/", moves.Submit.as_view(), name="api-proposal-submit"),
    path(f"{ONE}withdraw/", moves.Withdraw.as_view(), name="api-proposal-withdraw"),
    path(f"{ONE}authors/", moves.NewAuthor.as_view(), name="api-proposal-authors"),
    path(f"{ONE}resolve/", moves.Resolve.as_view(), name="api-proposal-resolve"),
    path(f"{ONE}reviews/", moves.NewReview.as_view(), name="api-proposal-reviews"),
    path(f"{ONE}undo/", moves.Undo.as_view(), name="api-proposal-undo"),
    path(f"{ONE}dismiss/", moves.Dismiss.as_view(), name="api-proposal-dismiss"),
    path(f"{ONE}suggestions/", moves.NewSuggestion.as_view(), name="api-proposal-suggestions"),
    path(f"{SUGGESTION}take/", moves.TakeSuggestion.as_view(), name="api-suggestion-take"),
    path(f"{SUGGESTION}decline/", moves.DeclineSuggestion.as_view(), name="api-suggestion-decline"),
    path(f"{ONE}claim/", moves.Claim.as_view(), name="api-proposal-claim"),
    path(f"{ONE}release/", moves.Release.as_view(), name="api-proposal-release"),
    path(f"{ONE}hand-over/", moves.HandOver.as_view(), name="api-proposal-hand-over"),
    path(f"{ONE}split/", moves.Split.as_view(), name="api-proposal-split"),
    path(f"{ONE}hold/", moves.Hold.as_view(), name="api-proposal-hold"),
    path(f"{ONE}resume/", moves.Resume.as_view(), name="api-proposal-resume"),
    path(f"{ONE}nudge/", moves.Nudge.as_view(), name="api-proposal-nudge"),
    path("notifications/", notifications.NotificationList.as_view(), name="api-notification-list"),
    path("notifications/read/", notifications.NotificationsRead.as_view(), name="api-notifications-read"),
    path(
        "notifications/<int:notification>/",
        notifications.NotificationDetail.as_view(),
        name="api-notification-detail",
    ),
    path(
        "notifications/<int:notification>/read/",
        notifications.NotificationRead.as_view(),
        name="api-notification-read",
    ),
    path("subscriptions/", notifications.SubscriptionList.as_view(), name="api-subscription-list"),
    path(
        "subscriptions/<int:subscription>/",
        notifications.SubscriptionDetail.as_view(),
        name="api-subscription-detail",
    ),
    path("exports/", exports.ExportList.as_view(), name="api-export-list"),
    path("exports/<uuid:export>/", exports.ExportDetail.as_view(), name="api-export-detail"),
    path(
        "exports/<uuid:export>/cancel/",
        exports.ExportAct.as_view(does=cancel_export),
        name="api-export-cancel",
    ),
    path(
        "exports/<uuid:export>/retry/", exports.ExportAct.as_view(does=retry_export), name="api-export-retry"
    ),
    path("exports/<uuid:export>/file/", exports.ExportFile.as_view(), name="api-export-file"),
    path("webhooks/", webhooks.WebhookList.as_view(), name="api-webhook-list"),
    path("webhooks/<int:webhook>/", webhooks.WebhookDetail.as_view(), name="api-webhook-detail"),
    path("webhooks/<int:webhook>/rotate/", webhooks.WebhookRotate.as_view(), name="api-webhook-rotate"),
    path("webhooks/<int:webhook>/test/", webhooks.WebhookTest.as_view(), name="api-webhook-test"),
    path(
        "webhooks/<int:webhook>/deliveries/", webhooks.DeliveryList.as_view(), name="api-webhook-deliveries"
    ),
    path(
        "webhooks/<int:webhook>/deliveries/<uuid:message>/resend/",
        webhooks.DeliveryResend.as_view(),
        name="api-delivery-resend",
    ),
]
