"""Telling people: who hears of what, why, and how. Everything begins with an activity's id, after commit.

    activity + outbox row  →  fanning_out.fan_out      who is asked to act (asking), who hears (recipients), how (choosing)
                           →  Notification rows        the inbox; messages say them in words
                           →  Mail, WebhookDelivery    rows again, delivered by tasks and swept up when overdue

events and choosing are pure; nothing here is called by the register, and no page waits for any of it.
"""
