# shellcheck shell=bash disable=SC2034
# What makes Services work, addresses and names: see images/services.

command_of_services() {
    command=("$bin/services"
        --server "$server" --authority "$certificates/ca.crt"
        --certificate "$certificates/admin.crt" --key "$certificates/admin.key"
        --names "$node_address:53" --health 127.0.0.1:10256)
}

answers_services() {
    inside curl --noproxy "*" -sf --max-time 2 http://127.0.0.1:10256/
}
