# Order of two Python versions by the library that pip uses. Each line "A<TAB>B" is answered by a sign, "!" where one is none.
import sys
from packaging.version import InvalidVersion, Version

for line in sys.stdin:
    a, b = line.rstrip("\n").split("\t")
    try:
        left, right = Version(a), Version(b)
        print("<" if left < right else ">" if left > right else "=")
    except InvalidVersion:
        print("!")
