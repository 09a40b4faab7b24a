"""What a valid webhook is. Pure: drafts in, a configuration or all problems at once out.

Each rule takes the list of problems found so far and a path, adds to it what is wrong, and returns the value as it
would be stored. Who gets problems must not use the values. A problem says which value, why, and what would be right.
"""
