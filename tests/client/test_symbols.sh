#!/bin/sh
# libunsay.so exports the functions of unsay.h, and nothing else: test_symbols.sh NM LIBRARY HEADER
set -eu
exported=$("$1" -D --defined-only "$2" | awk '{ print $3 }' | sed 's/@.*//' | sort)
declared=$(tr '\n' ' ' < "$3" | tr ';' '\n' | grep -o 'UNSAY_API [^(]*(' | grep -o 'unsay_[a-z_]*(' |
    tr -d '(' | sort)
if [ "$exported" != "$declared" ]; then
    echo "exported:"
    echo "$exported"
    echo "declared:"
    echo "$declared"
    exit 1
fi
