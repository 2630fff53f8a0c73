<?php
// Order of two versions by Composer's library (Debian: php-composer-semver). Each line "A<TAB>B" is answered by a sign, "!" where one is none.
require 'Composer/Semver/autoload.php';

$parser = new Composer\Semver\VersionParser();
while (($line = fgets(STDIN)) !== false) {
    [$a, $b] = explode("\t", rtrim($line, "\n"));
    try {
        $a = $parser->normalize($a);
        $b = $parser->normalize($b);
        $isLess = Composer\Semver\Comparator::lessThan($a, $b);
        echo $isLess ? '<' : (Composer\Semver\Comparator::greaterThan($a, $b) ? '>' : '='), "\n";
    } catch (UnexpectedValueException) {
        echo "!\n";
    }
}
