/**
 * Where arrays and objects that were handed out came from, so that they keep their spelling wherever they are moved:
 * to another place of an array, under another name, into another value.
 */
import { type JsonNode, parseJsonTree } from './json-tree.ts'
import { PyFloat } from './values.ts'

/** A text and its nodes, which are made when somebody first asks for them. */
export class SpelledText {
  readonly #source: { readonly text: string }
  #tree: JsonNode | undefined

  /** @param source whose text is not asked for before it is needed */
  constructor(source: { readonly text: string }) {
    this.#source = source
  }

  get text(): string {
    return this.#source.text
  }

  get root(): Spelled {
    this.#tree ??= parseJsonTree(this.text)
    return { text: this.text, node: this.#tree }
  }
}

/** A node, and the text that it is part of. */
export interface Spelled {
  readonly text: string
  readonly node: JsonNode
}

/** The way to a container: its key or index in the one around it, as that was when it was handed out. */
interface Origin {
  readonly source: SpelledText
  readonly parent: object | null
  readonly key: string | number
  node?: JsonNode | undefined
}

const origins = new WeakMap<object, Origin>()

/** Remembers every array and object of a value that was read from `source` just now. */
export function rememberOrigins(value: unknown, source: SpelledText): void {
  if (isContainer(value)) remember(value, { source, parent: null, key: '' })
}

function remember(container: object, origin: Origin): void {
  origins.set(container, origin)
  const { source } = origin
  if (Array.isArray(container)) {
    for (let index = 0; index < container.length; index++) {
      const item: unknown = container[index]
      if (isContainer(item)) remember(item, { source, parent: container, key: index })
    }
    return
  }
  for (const key of Object.keys(container)) {
    const item = (container as Readonly<Record<string, unknown>>)[key]
    if (isContainer(item)) remember(item, { source, parent: container, key })
  }
}

/** Whether a container was handed out, and so has a spelling of its own. */
export function hasOrigin(container: object): boolean {
  return origins.has(container)
}

/** How a container was spelled when it was handed out; undefined for one that the program made itself. */
export function originOf(container: object): Spelled | undefined {
  const origin = origins.get(container)
  const node = origin && nodeOf(origin)
  return origin && node && { text: origin.source.text, node }
}

function nodeOf(origin: Origin): JsonNode | undefined {
  origin.node ??= origin.parent === null ? origin.source.root.node : childOf(origin)
  return origin.node
}

function childOf({ parent, key }: Origin): JsonNode | undefined {
  const around = parent === null ? undefined : origins.get(parent)
  const node = around && nodeOf(around)
  if (node?.kind === 'array') return node.items[Number(key)]
  return node?.kind === 'object' ? node.members.get(String(key))?.node : undefined
}

/** Whether a value holds others. */
export function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof PyFloat)
}
