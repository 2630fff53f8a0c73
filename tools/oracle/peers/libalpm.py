# Order of two versions by pacman's library (Debian: libalpm13). Each line "A<TAB>B" is answered by a sign.
import ctypes
import sys

alpm = ctypes.CDLL("libalpm.so.13")
for line in sys.stdin:
    a, b = line.rstrip("\n").split("\t")
    order = alpm.alpm_pkg_vercmp(a.encode(), b.encode())
    print("<" if order < 0 else ">" if order > 0 else "=")
