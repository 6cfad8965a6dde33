"""What an operator does at the console: start everything, deliver, look, find out what is wrong."""
