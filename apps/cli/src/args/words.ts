import { argumentOf } from './value.js';

/** Words that a person gives, such as a comment: neither blank, which is often an unset shell variable, nor a book. */
export function words(max: number): (text: string) => string {
  return argumentOf((text) => {
    const trimmed = text.trim();
    return trimmed === '' || trimmed.length > max ? null : trimmed;
  }, `text of 1 to ${max} characters`);
}
