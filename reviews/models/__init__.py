"""The process's tables, one noun a file. Only Policy is register data; the rest is about what is not published yet."""

from .claim import Claim
from .comment import Comment
from .desk import Expertise, SavedFilter
from .hold import Hold
from .idempotent_request import IdempotentRequest
from .import_mapping import ImportMapping
from .import_run import ImportLine, ImportRun
from .kept_form import KeptForm
from .limit import Limit
from .notification import Mail, Notification, NotificationChoice, NotificationSettings, Subscription
from .policy import Policy
from .proposal import Authorship, Change, Concern, Mark, Proposal, Version
from .review import Review
from .suggestion import Suggestion
from .token import Token
from .webhook import Webhook, WebhookDelivery

__all__ = [
    "Authorship",
    "Change",
    "Claim",
    "Comment",
    "Concern",
    "Expertise",
    "Hold",
    "IdempotentRequest",
    "ImportLine",
    "ImportMapping",
    "ImportRun",
    "KeptForm",
    "Limit",
    "Mail",
    "Mark",
    "Notification",
    "NotificationChoice",
    "NotificationSettings",
    "Policy",
    "Proposal",
    "Review",
    "SavedFilter",
    "Subscription",
    "Suggestion",
    "Token",
    "Version",
    "Webhook",
    "WebhookDelivery",
]
