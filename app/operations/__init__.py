"""Background work over many rows: retrying, canceling, replaying and erasing.

    begin       counts what there is to do, writes the operation's row and audits it
    bulk        retries or cancels many deliveries
    replay      sends past events to one webhook
    erase       removes what events and attempts hold
    run         any worker claims the running operations and does a batch of each in turn

A batch and the operation's progress are one transaction, so any process continues where the row says, however often the
operation was interrupted. This package does not know how anything is sent.
"""
