"""The customer's page, the sender's console and the JavaScript client: files, served as they are."""
