"""The steps that bring a database to the tables of `app.models`; run by `eev-webhooks migrate`.

Written by `tortoise makemigrations`, apart from the indexes that cover only some rows, which are SQL by hand.
"""
