-- Where the branches and the open pull requests of repositories stood when they were last heard of, so that what was missed
-- while tunebot was away can be told from what is known. `name` is heads/BRANCH or pull/NUMBER.
CREATE TABLE heads (
    repository TEXT NOT NULL,
    name       TEXT NOT NULL,
    sha        TEXT NOT NULL,
    PRIMARY KEY (repository, name)
) WITHOUT ROWID;

-- Repositories whose heads were compared at least once: before that, a head that is not known was not missed.
CREATE TABLE compared_repositories (
    repository TEXT   PRIMARY KEY NOT NULL,
    since      BIGINT NOT NULL
);
