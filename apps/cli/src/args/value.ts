import { InvalidArgumentError } from 'commander';

/**
 * A parser for commander, which puts the option and what was found before the text: "option '--limit <n>' argument
 * 'x' is invalid. Allowed: …".
 *
 * @param parse null for what is not allowed
 */
export function argumentOf<T>(parse: (text: string) => T | null, allowed: string): (text: string) => T {
  return (text) => {
    const value = parse(text);
    if (value === null) throw new InvalidArgumentError(`Allowed: ${allowed}.`);
    return value;
  };
}

export function oneOf<const T extends string>(values: readonly T[]): (text: string) => T {
  return argumentOf((text) => values.find((value) => value === text) ?? null, values.join(', '));
}

/** A whole number, both bounds inclusive. */
export function wholeNumber(bounds: { min: number; max: number }): (text: string) => number {
  return argumentOf((text) => {
    const isInside = /^\d{1,9}$/.test(text) && Number(text) >= bounds.min && Number(text) <= bounds.max;
    return isInside ? Number(text) : null;
  }, `a whole number from ${bounds.min} to ${bounds.max}`);
}
