"""Test requests that a person makes: a ping of a saved webhook, and a trial of settings that are not saved."""
