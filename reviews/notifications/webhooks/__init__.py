"""Webhooks: programs that are told of events, at addresses that members give (Standard Webhooks).

    fanning_out     →  WebhookDelivery rows
    delivering      →  takes the lease of a row that is due, settles what came of it
      payload       →  what is told, put together at each attempt: the owner may still see it, or it isn't sent
      signing       →  the headers that prove who sent it
      sending       →  one POST: to what addresses checked and nothing else, until a deadline, without redirects
      addresses     →  which addresses may be connected to at all

signing and `is_outside` are pure. Nothing that the other side answers is kept but its status.
"""

# The task that delivers what is due.
TASK = "reviews.tasks.deliver_webhooks"
# What a delivery is of that nobody caused but its owner, who tries a webhook out.
TEST = "test"
