#!/bin/sh
# libunsay.so exports the functions of its headers, and nothing else:
# test_symbols.sh NM LIBRARY HEADER...
set -eu
nm=$1
library=$2
shift 2
exported=$("$nm" -D --defined-only "$library" | awk '{ print $3 }' | sed 's/@.*//' | sort)
declared=$(cat "$@" | tr '\n' ' ' | tr ';' '\n' | grep -o 'UNSAY_API [^(]*(' | grep -o 'unsay_[a-z_]*(' |
    tr -d '(' | sort)
if [ "$exported" != "$declared" ]; then
    echo "exported:"
    echo "$exported"
    echo "declared:"
    echo "$declared"
    exit 1
fi
