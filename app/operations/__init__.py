"""Work over many rows that goes on in the background: retrying, canceling and replaying.

    matched     what there is to do, and starting it: counted, written down as a row, audited
    steering    many deliveries are retried or canceled
    replay      past events are sent to one webhook
    run         any worker claims what is under way and does a batch of each in turn

A batch and the word of how far it came are one transaction, so an operation goes on where its row says, in whichever
process and however often it was interrupted. Refuses to know how anything is sent.
"""
