# Order of two kernel releases by Debian's linux-base. Each line "A<TAB>B" is answered by a sign.
use strict;
use warnings;
use DebianLinux qw(version_cmp);

while (my $line = <STDIN>) {
    chomp $line;
    my ($left, $right) = split /\t/, $line;
    print qw(= > <)[version_cmp($left, $right)], "\n";
}
