import { ApiError } from '../http/api-error.ts';

/** NIST SP 800-63B 3.1.1: length counts, not what kinds of characters there are. */
const minChars = 12;
const maxChars = 200;

/** What common passwords are made of, in small letters; whoever guesses begins with these and adds figures. */
const commonParts = new Set(
  `abc abcd abcde abcdef access account adidas admin administrator adobe alexander amanda andrea andrew angel angels anthony apple apples arsenal
  asdf asdfg asdfgh asdfghjkl ashley austin babygirl bailey banana baseball basketball batman beautiful biteme buster butterfly charlie cheese
  chelsea chocolate christian computer cookie corvette cowboys dallas daniel database default dolphin dragon eagles enter family ferrari
  flower football forever freedom friends fuckyou george ginger golf google guest hannah harley hello hockey hunter iloveyou internet jackson
  jasmine jennifer jessica jesus jordan joshua justin killer king lakers letmein liverpool login london lovely love loveme maggie manager
  martin master matrix matthew maverick melissa mercedes michael michelle monday money monkey monster mother mustang myspace ncc nicole ninja
  nothing oliver orange pass passw passwd password passwords peanut pepper phoenix player pokemon prince princess purple qazwsx qwer qwert qwerty
  qwertyui qwertyuiop qwertz qwertzuiop rangers robert root samantha samsung scooter secret security server shadow silver soccer spider spring
  starwars steelers student summer sunday sunshine superman support system taylor temp tennis test tester testing thomas thunder tigger trustno
  trustnoone user vedette welcome whatever william winner winter wizard yankees yellow zxcv zxcvbn zxcvbnm changeme changeit please me my new
  the and you one two three old now this is it in on to for`
    .split(/\s+/)
    .filter(Boolean),
);
const figures: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
};

/** Throws ApiError BAD_REQUEST with what to do, where a password is one that is guessed. `names`: of the person and the organization. */
export function refuseWeakPassword(password: string, names: readonly string[]): void {
  const problem = weaknessOf(password, names);
  if (problem !== null)
    throw new ApiError('BAD_REQUEST', `The new password ${problem}. A few unrelated words are easy to keep in mind.`);
}

function weaknessOf(password: string, names: readonly string[]): string | null {
  const chars = Array.from(password);
  if (chars.length < minChars) return `is too short: it has ${chars.length} characters, ${minChars} are needed`;
  if (chars.length > maxChars) return `is too long: up to ${maxChars} characters are taken`;
  if (new Set(chars).size < 5) return 'is made of too few different characters';
  if (isSequence(chars)) return 'is a sequence of characters';
  const own = names.map((name) => name.toLowerCase()).filter((name) => name.length >= 4);
  const text = password.toLowerCase();
  const rest = own.reduce((left, name) => left.replaceAll(name, ''), text);
  if (rest.length < text.length && rest.length < minChars) return 'is mostly a name that others know';
  return isMadeOfCommonParts(text) || isMadeOfCommonParts(Array.from(text, (char) => figures[char] ?? char).join(''))
    ? 'is one of those that are guessed first'
    : null;
}

/** abcdefghijkl, 987654321098: nearly every character is the next or the one before. */
function isSequence(chars: readonly string[]): boolean {
  const codes = chars.map((char) => char.codePointAt(0) ?? 0);
  const steps = codes.slice(1).map((code, at) => code - (codes[at] ?? 0));
  return Math.max(...[1, -1].map((step) => steps.filter((one) => one === step).length)) >= steps.length - 2;
}

/** Whether all its letters are words of the list, one after the other; what is no letter only separates. Up to three other letters do not save it. */
function isMadeOfCommonParts(text: string): boolean {
  const words = text.split(/[^\p{L}]+/u).filter(Boolean);
  if (words.length === 0) return true;
  const letters = words.reduce((sum, word) => sum + word.length, 0);
  const common = words.reduce((sum, word) => sum + commonLetters(word), 0);
  // Several words are a passphrase, however common each is.
  return letters - common <= 3 && words.reduce((sum, word) => sum + countParts(word), 0) < 4;
}

/** For each end the most letters in common words, by the fewest words. */
function cover(word: string): { letters: number; parts: number } {
  const best: { letters: number; parts: number }[] = [{ letters: 0, parts: 0 }];
  for (let end = 1; end <= word.length; end += 1) {
    let found = best[end - 1] ?? { letters: 0, parts: 0 };
    for (let start = Math.max(0, end - 14); start < end; start += 1) {
      if (!commonParts.has(word.slice(start, end))) continue;
      const before = best[start] ?? { letters: 0, parts: 0 };
      const letters = before.letters + end - start;
      if (letters > found.letters || (letters === found.letters && before.parts + 1 < found.parts))
        found = { letters, parts: before.parts + 1 };
    }
    best.push(found);
  }
  return best[word.length] ?? { letters: 0, parts: 0 };
}

function commonLetters(word: string): number {
  return cover(word).letters;
}

function countParts(word: string): number {
  return cover(word).parts;
}
