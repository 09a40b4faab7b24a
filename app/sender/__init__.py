"""Sends one HTTP request to a customer's receiver, which may be broken or hostile, and returns its outcome.

    sender       one request in, one outcome out; raises nothing for failures of a receiver or the network
    transport    httpx's transport interface: deadline, byte cap, no redirects, no retries
    pool         keeps connections, so that none outlives the rules it was opened under
    connecting   name, guard, TCP, TLS
    dialing      a TCP connection to one of a receiver's addresses
    proxy        the same, through a forward proxy
    connection   one request out, one answer in, before a deadline
    answer       reads an answer from bytes as they arrive, within limits (pure)
    sockets      opens a socket only to an address that the guard allows
    guard        which addresses may be connected to (pure)
    resolver     names to addresses, off the event loop
    exchange     how far one request got, for the wording of its outcome
    failure      what went wrong, as an httpx exception with a sentence as its text (pure)
    outcome      the values that the rest of the product sees
    request      builds the request
    destination  where a URL leads (pure)
    watched      sends one request and reports how each step of it went

This package knows nothing of webhooks, deliveries, signatures or the database.
"""
