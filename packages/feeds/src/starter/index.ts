/** The starter knowledge base: the form in which the project carries facts for users without a network. */
export { starterLimits, type StarterOrigin } from './document.ts';
export { readStarter, type StarterKnowledge } from './read-starter.ts';
export { writeStarter, type StarterInput } from './write-starter.ts';
