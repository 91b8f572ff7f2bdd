"""Finding a way through NATs: what to say, whom to try and what the answers mean; pure."""
