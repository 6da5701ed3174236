#!/bin/sh
# Writes the statements and templates below the directory $1, and the document $2, as a Swift source, $3.
set -eu
export LC_ALL=C
quote='####'
# The text of the file $1, called $2, as a literal.
literal() {
    # What would end the literal or change within it; a last line without its end would get one.
    if grep -q "\"\"\"$quote\|\\\\$quote\|$(printf '\r')" "$1" || [ -n "$(tail -c 1 "$1")" ]; then
        echo "error: $2 cannot stand in a Swift source" >&2
        exit 1
    fi
    printf '%s"""\n' "$quote"
    cat "$1"
    printf '\n"""%s' "$quote"
}
{
    printf 'extension LibraryFiles {\n    static let all: [(path: String, text: String)] = [\n'
    # A directory that cannot be read ends it here; within a pipe nobody would know.
    paths=$(cd "$1" && find . -type f \( -name '*.sql' -o -name '*.yaml' \))
    printf '%s\n' "$paths" | sed 's|^\./||' | sort | while IFS= read -r path; do
        printf '        (\n"%s",\n' "$path"
        literal "$1/$path" "Queries/$path"
        printf '\n        ),\n'
    done
    printf '    ]\n    static let document =\n'
    literal "$2" "$2"
    printf '\n}\n'
} >"$3.part"
mv "$3.part" "$3"
