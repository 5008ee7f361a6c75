"""What lies behind the demo: twelve made-up weeks, as the bot would have stored them."""
