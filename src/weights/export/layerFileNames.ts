/** Returns a file name for each layer name, in order: only letters, digits, `.`, `-` and `_`, never the same one twice. */
export function layerFileNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    // Other names than these mean something to a shell, to a path, or to a file system that ignores case; a dash begins an option.
    const plain = name
      .replaceAll('/', '.')
      .replace(/[^\w.-]/g, '_')
      .replace(/^(\.+|(?=-)|$)/, '_')
      .slice(0, 200);
    let unique = plain;
    for (let number = 2; taken.has(unique.toLowerCase()); number++) unique = `${plain}-${number}`;
    taken.add(unique.toLowerCase());
    return unique;
  });
}
