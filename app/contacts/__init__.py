"""Contacts: the people who receive alerts, by email, by Slack or by a webhook of their own.

`app.alerts.notices` notes which contacts receive an alert, in the transaction of the alert. This package manages
contacts and sends the messages, with the guard, the retries and the claims of deliveries (docs/adr/0035).
"""
