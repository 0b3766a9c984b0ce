"""The three doors and the monitors, with real workers behind them."""
