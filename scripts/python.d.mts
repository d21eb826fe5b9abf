export function pythonFor(
  version: string,
  options: { readonly root: string; readonly say: (text: string) => void },
): Promise<{ readonly python?: string; readonly missing?: string }>
