/**
 * Stands before the completion script of bash: that script asks a function of the package bash-completion for the words that were typed,
 * which minimal systems do not have.
 */
export const bashWords = `declare -F _get_comp_words_by_ref > /dev/null || _get_comp_words_by_ref() {
    words=("\${COMP_WORDS[@]}")
    cword=$COMP_CWORD
    cur=\${words[cword]}
    prev=\${words[cword - 1]}
}
`;
