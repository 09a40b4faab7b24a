"""The migrations that bring a database to the tables of `app.models`; run by `eev-webhooks migrate`.

Written by `tortoise makemigrations`, except the partial indexes, which are SQL by hand.
"""
