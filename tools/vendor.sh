#!/bin/sh
# Refresh the committed browser files from the exact versions in static/vendor/package.json.
# Needs npm and python3. The files are the packages' own, less their source map comments: the
# maps are not shipped, and a comment that names a missing file stops `collectstatic`.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
vendor=$root/src/callvault/portal/static/vendor
fetched=$(mktemp -d)
trap 'rm -rf "$fetched"' EXIT

cp "$vendor/package.json" "$fetched/"
(cd "$fetched" && npm install --ignore-scripts --no-audit --no-fund --no-package-lock --silent)
packages=$fetched/node_modules

keep() { # keep PACKAGE FILE NAME: copy one dist file, without its source map comment
    mkdir -p "$(dirname "$vendor/$3")"
    sed -e '/^\/[/*]# sourceMappingURL=/d' -e 's,/\*# sourceMappingURL=[^*]*\*/$,,' \
        -e 's,//# sourceMappingURL=.*$,,' "$packages/$1/$2" >"$vendor/$3"
}
licence() { # licence PACKAGE FILE NAME
    mkdir -p "$vendor/licences"
    cp "$packages/$1/$2" "$vendor/licences/$3"
}

keep htmx.org dist/htmx.min.js htmx.min.js
keep @tabler/core dist/css/tabler.min.css tabler.min.css
keep wavesurfer.js dist/wavesurfer.esm.js wavesurfer.esm.js
keep wavesurfer.js dist/plugins/regions.esm.js wavesurfer-regions.esm.js
keep wavesurfer.js dist/plugins/timeline.esm.js wavesurfer-timeline.esm.js
mkdir -p "$vendor/inter"
for subset in latin latin-ext; do
    cp "$packages/@fontsource-variable/inter/files/inter-$subset-wght-normal.woff2" "$vendor/inter/"
done
# Tabler's package ships no licence file; licences/tabler.txt is written out by hand.
licence htmx.org LICENSE htmx.txt
licence @tabler/icons LICENSE tabler-icons.txt
licence wavesurfer.js LICENSE wavesurfer.txt
licence @fontsource-variable/inter LICENSE inter.txt

# The accessibility checker runs in the tests only; it is not served.
mkdir -p "$root/tests/browser/vendor"
cp "$packages/axe-core/axe.min.js" "$root/tests/browser/vendor/axe.min.js"
cp "$packages/axe-core/LICENSE" "$root/tests/browser/vendor/axe-LICENSE.txt"

python3 "$root/tools/sprite.py" "$packages/@tabler/icons/icons" \
    >"$vendor/../callvault/icons.svg"
