"""The GraphQL API over `app`. Knows GraphQL and HTTP; the rules about webhooks are in `app`."""
