#!/bin/sh
# Writes the statements and templates below the directory $1 as a Swift source, $2.
set -eu
export LC_ALL=C
cd "$1"
quote='####'
{
    printf 'extension LibraryFiles {\n    static let all: [(path: String, text: String)] = [\n'
    find . -type f \( -name '*.sql' -o -name '*.yaml' \) | sed 's|^\./||' | sort | while IFS= read -r path; do
        # What would end the literal or change within it; a last line without its end would get one.
        if grep -q "\"\"\"$quote\|\\\\$quote\|$(printf '\r')" "$path" || [ -n "$(tail -c 1 "$path")" ]; then
            echo "error: Queries/$path cannot stand in a Swift source" >&2
            exit 1
        fi
        printf '        (\n"%s",\n%s"""\n' "$path" "$quote"
        cat "$path"
        printf '\n"""%s\n        ),\n' "$quote"
    done
    printf '    ]\n}\n'
} >"$2.part"
mv "$2.part" "$2"
