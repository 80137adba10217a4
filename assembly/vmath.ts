export function placeholderVmath(): void {}
