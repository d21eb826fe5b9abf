/** As much of a browser as the walk needs: it keeps cookies for the host, follows redirects and sends forms. */
export interface Page {
  readonly status: number
  readonly url: string
  readonly html: string
}

export class Browser {
  readonly #cookies = new Map<string, string>()

  get(url: string): Promise<Page> {
    return this.#load(url, { method: 'GET' })
  }

  /** Sends a form as the page at `url`'s own host would, with Django's CSRF token where one is known. */
  submit(url: string, fields: Readonly<Record<string, string>>, options: { origin?: string } = {}): Promise<Page> {
    const token = this.#cookies.get('csrftoken')
    const body = new URLSearchParams({ ...fields, ...(token !== undefined && { csrfmiddlewaretoken: token }) })
    return this.#load(url, { method: 'POST', body, headers: { origin: options.origin ?? new URL(url).origin } })
  }

  cookie(name: string): string | undefined {
    return this.#cookies.get(name)
  }

  setCookie(name: string, value: string): void {
    this.#cookies.set(name, value)
  }

  async #load(url: string, request: RequestInit): Promise<Page> {
    const headers = new Headers(request.headers)
    headers.set('accept', 'text/html')
    if (this.#cookies.size > 0) {
      headers.set('cookie', Array.from(this.#cookies, ([name, value]) => `${name}=${value}`).join('; '))
    }
    const response = await fetch(url, { ...request, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) this.#keep(line)
    const location = response.headers.get('location')
    const html = await response.text()
    if (location !== null) return this.get(new URL(location, url).href)
    return { status: response.status, url, html }
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ')
    const [name = '', ...value] = pair.split('=')
    if (attributes.includes('Max-Age=0')) this.#cookies.delete(name)
    else this.#cookies.set(name, value.join('='))
  }
}
