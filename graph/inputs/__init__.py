"""Inputs of mutations and filters of lists, and their conversion to values of the domain.

Validation is the domain's. A field without a default is None if it was omitted, like null. Only in `UpdateWebhookInput`
is it UNSET, because there null clears.
"""
