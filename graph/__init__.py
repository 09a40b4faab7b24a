"""The GraphQL API: one of the two doors into `app`. Knows GraphQL and HTTP; decides nothing about webhooks."""
