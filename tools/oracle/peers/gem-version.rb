# Order of two gem versions by RubyGems. Each line "A<TAB>B" is answered by a sign, "!" where one is none.
STDIN.each_line(chomp: true) do |line|
  a, b = line.split("\t", 2)
  begin
    puts({ -1 => "<", 0 => "=", 1 => ">" }[Gem::Version.new(a) <=> Gem::Version.new(b)])
  rescue ArgumentError
    puts "!"
  end
end
