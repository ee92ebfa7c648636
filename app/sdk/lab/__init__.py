"""What notebooks need beside the client: plots, verdicts, watched customers, a deployment's database."""
