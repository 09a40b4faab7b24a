"""What is true of webhooks now: a state, a sentence that says what to do, and the numbers behind them."""
