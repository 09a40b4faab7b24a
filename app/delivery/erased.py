"""What an erasure leaves of an attempt, whether it was recorded before the erasure or comes in after it."""

# The end of `UPDATE attempt SET`. What the request and its answer contained goes; that there was an answer stays.
EMPTIED = """request_headers = '[]', error = NULL,
  response_headers = CASE WHEN response_headers IS NULL THEN NULL ELSE '[]' END,
  response_body = CASE WHEN response_body IS NULL THEN NULL ELSE '' END"""
