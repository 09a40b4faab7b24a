"""Test requests that a person asks for: a ping of a webhook that is saved, and a trial of settings that are not."""
