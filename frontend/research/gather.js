// @ts-check
/** What was dropped, folders gone through to their last file. */

/** @typedef {{path: string, file: File}} Found */

/**
 * Return every file of a drop with its path; hidden files and a desktop's own are left out.
 *
 * Entries must be asked for before the first wait: the browser empties the transfer when its event ends.
 *
 * @param {DataTransfer} transfer
 * @returns {Promise<Found[]>}
 */
export async function gather(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const loose = entries.some(Boolean) ? [] : [...transfer.files].map((file) => ({ path: file.name, file }));
  const found = [...loose];
  for (const entry of entries) if (entry) found.push(...(await filesOf(entry)));
  return found.filter(({ path }) => !path.split("/").some((part) => part.startsWith(".")));
}

/** @param {FileSystemEntry} entry @returns {Promise<Found[]>} */
async function filesOf(entry) {
  const path = entry.fullPath.replace(/^\//, "");
  if (entry.isFile) {
    const one = /** @type {FileSystemFileEntry} */ (entry);
    return [{ path, file: await new Promise((resolve, reject) => one.file(resolve, reject)) }];
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const found = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!part.length) return found;
    for (const child of part) found.push(...(await filesOf(child)));
  }
}
