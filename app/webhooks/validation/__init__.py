"""The rules for the values of a webhook's fields. Pure: `app.webhooks.fields` says which rule a field has.

Each rule takes the list of problems found so far and a path, adds the problems it finds, and returns the value as it
would be stored. If there are problems, the values must not be used. A problem says which value is wrong, why, and what
would be right.
"""
