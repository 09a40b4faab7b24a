"""What mutations take and lists are narrowed by, and how it becomes what the domain takes.

Refuses to know what is wrong with it; the domain does. Fields without a default are None where they were left out, like
null. Only in `UpdateWebhookInput` are they UNSET, because there null clears.
"""
