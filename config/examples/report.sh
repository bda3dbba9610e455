#!/bin/sh
# Reports a step of a trial to tunebot with curl:
#
#   report.sh STEP METRICS        report.sh 3 '{"val_acc": 0.91}'
#
# Prints `continue` or `stop`, and ends with 1 for `stop`: others are better at this step. Steps are counted from 1.
# A report that fails never harms the trial: the reason goes to standard error, and the answer is `continue`.
#
#   ./report.sh "$step" "{\"val_acc\": $accuracy}" || break
set -u
# The token goes in by standard input: the arguments of a process can be seen by others.
answer=$(printf 'header = "Authorization: Bearer %s"\n' "${TUNEBOT_TOKEN:-}" | curl --config - --silent --show-error \
    --fail --max-time 10 --header 'Content-Type: application/json' \
    --data "{\"step\": $1, \"metrics\": $2}" "${TUNEBOT_REPORT_URL:-}") || answer=
case $answer in
*'"decision":"stop"'*) echo stop; exit 1 ;;
*) echo continue ;;
esac
