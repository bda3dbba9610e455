module tunebot/tests/cluster/images

go 1.24
