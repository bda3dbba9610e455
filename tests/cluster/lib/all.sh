# shellcheck shell=bash
# What every command here begins with. `here` is the folder of the commands.

set -euo pipefail
shopt -s extglob
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=lib/settings.sh
source "$here/lib/settings.sh"
# shellcheck source=lib/say.sh
source "$here/lib/say.sh"
# shellcheck source=lib/tools.sh
source "$here/lib/tools.sh"
# shellcheck source=lib/build.sh
source "$here/lib/build.sh"
# shellcheck source=lib/cgroups.sh
source "$here/lib/cgroups.sh"
# shellcheck source=lib/space.sh
source "$here/lib/space.sh"
# shellcheck source=lib/parts.sh
source "$here/lib/parts.sh"
# shellcheck source=lib/certificates.sh
source "$here/lib/certificates.sh"
# shellcheck source=lib/control_plane.sh
source "$here/lib/control_plane.sh"
# shellcheck source=lib/node.sh
source "$here/lib/node.sh"
# shellcheck source=lib/images.sh
source "$here/lib/images.sh"
# shellcheck source=lib/services.sh
source "$here/lib/services.sh"
# shellcheck source=lib/argo.sh
source "$here/lib/argo.sh"
