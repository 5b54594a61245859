/** The product's mark: two tracks and a switch between them. */
export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 22 22"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <path d="M4 20V2M4 16C4 10 16 12 16 2M18 20V9" />
    </svg>
  );
}
