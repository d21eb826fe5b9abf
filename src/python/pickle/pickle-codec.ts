/**
 * The port of a class that pickles may hold: its names in Python, and how an instance reads and is written. A codec of
 * the site's own makes a class of its own readable:
 *
 *     const colour: PickleCodec<string> = {
 *       classes: [{ module: 'shop.models', name: 'Colour' }],       // class Colour(enum.Enum)
 *       decode: ({ args }) => String(args[0]),
 *     }
 */
import { malformed } from './pickle-limits.ts'
import { type ClassName, pathOf } from './pickle-node.ts'
import type { KnownClasses } from './reduce.ts'

export type { ClassName } from './pickle-node.ts'

/** How Python makes an instance, in JavaScript values. */
export interface PickledInstance {
  /** Which of the codec's classes. */
  readonly of: ClassName
  /** Whether the class is called with the arguments, or its `__new__` is. */
  readonly made: 'reduce' | 'newobj'
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
  /** For `__setstate__` or `__dict__`; undefined where there is none. */
  readonly state: unknown
  /** What is appended to a subclass of list. */
  readonly items: readonly unknown[]
  /** What is set in a subclass of dict. */
  readonly entries: readonly (readonly [unknown, unknown])[]
}

export interface PickleCodec<T = unknown> {
  /** The first is written unless `encode` names another. */
  readonly classes: readonly [ClassName, ...ClassName[]]
  /** Paths of classes and functions that may stand in the arguments, as `PyGlobal`. */
  readonly arguments?: readonly string[]
  /** Whether nothing inside a value can change. */
  readonly isImmutable?: boolean
  /** @throws what it likes for an instance that it cannot read; the pickle is then refused */
  decode(instance: PickledInstance): T
  /** Whether `encode` writes this value; without it, what was read is only ever written back. */
  matches?(value: unknown): boolean
  encode?(value: T): Partial<PickledInstance>
}

/** A class or function that stands in the arguments of another. */
export class PyGlobal implements ClassName {
  readonly module: string
  readonly name: string

  constructor(module: string, name: string) {
    this.module = module
    this.name = name
    Object.freeze(this)
  }

  get path(): string {
    return pathOf(this)
  }
}

/** The codecs that are known, by class and by value. */
export class PickleCodecs implements KnownClasses {
  readonly #byPath = new Map<string, PickleCodec>()
  readonly #arguments = new Set<string>()
  readonly #all: readonly PickleCodec[]

  /** @param codecs the first one that names a class reads it */
  constructor(codecs: readonly PickleCodec[]) {
    this.#all = codecs
    for (const codec of codecs) {
      for (const path of codec.arguments ?? []) this.#arguments.add(path)
      for (const path of codec.classes.map(pathOf)) if (!this.#byPath.has(path)) this.#byPath.set(path, codec)
    }
  }

  has(path: string): boolean {
    return this.#byPath.has(path)
  }

  /** Also the front of a method that is named by its class and name, as `zoneinfo.ZoneInfo`. */
  isArgument(path: string): boolean {
    return this.#arguments.has(path)
  }

  of(global: ClassName): PickleCodec {
    const codec = this.#byPath.get(pathOf(global))
    if (codec === undefined) throw malformed('a class has no codec')
    return codec
  }

  /** The codec that writes a value. */
  forValue(value: object): PickleCodec | undefined {
    return this.#all.find((codec) => codec.matches?.(value))
  }
}
