//! GitHub: Markdown and the client that posts comments and check runs.
