-- Order of two versions by rpm: run by rpm itself. Each line "A<TAB>B" of the standard input is answered by a sign.
for line in io.stdin:lines() do
  local a, b = line:match("^(.-)\t(.*)$")
  local left, right = rpm.ver(a), rpm.ver(b)
  io.stdout:write(left < right and "<" or left == right and "=" or ">", "\n")
end
