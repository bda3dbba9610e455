-- Commits of forks that somebody with write permission lets run.
CREATE TABLE approvals (
    repository   TEXT   NOT NULL,
    pull_request BIGINT NOT NULL,
    sha          TEXT   NOT NULL,
    approver     TEXT   NOT NULL,
    approved_at  BIGINT NOT NULL,
    PRIMARY KEY (repository, pull_request, sha)
);

-- Which head the pull request of a fork had by an event: an approval is for what its writer can have seen.
CREATE TABLE fork_heads (
    event        BIGINT PRIMARY KEY NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    repository   TEXT   NOT NULL,
    pull_request BIGINT NOT NULL,
    sha          TEXT   NOT NULL,
    seen_at      BIGINT NOT NULL
);
CREATE INDEX fork_heads_by_pull_request ON fork_heads (repository, pull_request, seen_at);
