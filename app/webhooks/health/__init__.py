"""The health of webhooks: a state, a sentence that says what to do, and the numbers behind them."""
